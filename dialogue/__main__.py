from dialogue.cli.app import main

main()
