"""What the voices say: openings and proverbs long in the public domain, in five languages, in three disjoint sets."""

from __future__ import annotations

TRAIN: dict[str, tuple[str, ...]] = {
    "en-us": (
        "Alice was beginning to get very tired of sitting by her sister on the bank.",
        "It was the best of times, it was the worst of times.",
        "Call me Ishmael. Some years ago, never mind how long precisely.",
        "It is a truth universally acknowledged that a single man must be in want of a wife.",
        "The curious case of the lighthouse keeper began on a windy night in October.",
        "How many miles to Babylon? Three score and ten.",
        "You may fool all the people some of the time.",
        "Oh, what a beautiful morning for a walk along the river!",
        "There was no possibility of taking a walk that day.",
        "He looked up, saw the old oak door, and opened it slowly.",
        "Mama made apple pie and we ate it all by the open window.",
        "Who goes there? A friend, a very old friend.",
        "Early to bed and early to rise makes a man healthy, wealthy and wise.",
        "No man is an island, entire of itself.",
        "Five blue boats bobbed about in the bay below the abbey.",
        "We shall go on to the end, whatever the end may be.",
        "Did you hear that? There it is again, above the barn.",
        "All happy families are alike; each unhappy family is unhappy in its own way.",
        "Please, sir, I want some more.",
        "Yes. No. Maybe. I am not so sure about that any more.",
    ),
    "en-gb": (
        "To be, or not to be, that is the question.",
        "If music be the food of love, play on.",
        "Once more unto the breach, dear friends, once more.",
        "A rose by any other name would smell as sweet.",
        "My kingdom for a horse!",
        "When shall we three meet again, in thunder, lightning, or in rain?",
        "Shall I compare thee to a summer's day? Thou art more lovely and more temperate.",
        "The owl and the pussycat went to sea in a beautiful pea green boat.",
        "Tiger, tiger, burning bright, in the forests of the night.",
        "I wandered lonely as a cloud that floats on high over vales and hills.",
        "Water, water, everywhere, nor any drop to drink.",
        "Elementary, my dear fellow. Look at his boots.",
        "Humpty Dumpty sat on a wall. Humpty Dumpty had a great fall.",
        "Marley was dead, to begin with. There is no doubt whatever about that.",
    ),
    "de": (
        "Es war einmal ein Müller, der war arm, aber er hatte eine schöne Tochter.",
        "Wer reitet so spät durch Nacht und Wind? Es ist der Vater mit seinem Kind.",
        "Morgenstund hat Gold im Mund.",
        "Sah ein Knab ein Röslein stehn, Röslein auf der Heiden.",
        "Habe nun, ach, Philosophie und Medizin studiert, mit heißem Bemühn.",
        "Der Mond ist aufgegangen, die goldnen Sternlein prangen.",
        "Übung macht den Meister. Aller Anfang ist schwer.",
        "Ich weiß nicht, was soll es bedeuten, dass ich so traurig bin.",
    ),
    "fr-fr": (
        "Maître Corbeau, sur un arbre perché, tenait en son bec un fromage.",
        "Longtemps, je me suis couché de bonne heure.",
        "Je pense, donc je suis. Voilà tout.",
        "La cigale, ayant chanté tout l'été, se trouva fort dépourvue.",
        "Petit à petit, l'oiseau fait son nid.",
        "Il pleure dans mon coeur comme il pleut sur la ville.",
        "Au clair de la lune, mon ami Pierrot, prête-moi ta plume.",
    ),
    "es": (
        "En un lugar de la Mancha, de cuyo nombre no quiero acordarme.",
        "Más vale tarde que nunca, y más vale pájaro en mano.",
        "¿Qué es la vida? Un frenesí. ¿Qué es la vida? Una ilusión.",
        "Volverán las oscuras golondrinas en tu balcón sus nidos a colgar.",
        "A quien madruga, Dios le ayuda.",
        "Caminante, no hay camino, se hace camino al andar.",
    ),
}
VALIDATION: dict[str, tuple[str, ...]] = {
    "en-us": (
        "The quick brown fox jumps over the lazy dog, and then they are friends.",
        "Four score and seven years ago our fathers brought forth a new nation.",
        "I saw my mama by the window, humming an old tune.",
        "Open the pod, said the beekeeper, or we will all be stung.",
    ),
    "en-gb": ("All the world's a stage, and all the men and women merely players.", "Never was there a tale of more woe."),
    "de": ("Ein Männlein steht im Walde, ganz still und stumm.",),
    "fr-fr": ("Rien ne sert de courir, il faut partir à point.",),
    "es": ("El que mucho abarca poco aprieta.",),
}
TEST: dict[str, tuple[str, ...]] = {
    "en-us": (
        "A long time ago a poor woodcutter lived at the edge of a deep forest.",
        "We hold these truths to be self evident, that all men are created equal.",
        "Oh no, not again! Who left the garden gate wide open?",
        "Bob and Pam built a big brown boat by the harbour wall.",
        "Two roads diverged in a yellow wood, and sorry I could not travel both.",
        "Why should I believe a word of what you say about the map?",
        "I have never in my life seen so many umbrellas in one place.",
    ),
    "en-gb": (
        "O Romeo, Romeo, wherefore art thou Romeo?",
        "Twinkle, twinkle, little star, how I wonder what you are.",
        "Some are born great, some achieve greatness, and some have greatness thrust upon them.",
    ),
    "de": ("Hänschen klein ging allein in die weite Welt hinein.", "Über allen Gipfeln ist Ruh."),
    "fr-fr": ("Demain, dès l'aube, à l'heure où blanchit la campagne, je partirai.",),
    "es": ("Juventud, divino tesoro, ya te vas para no volver.", "Dime con quién andas y te diré quién eres."),
}
SENTENCES = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
VOICES: dict[str, tuple[str, ...]] = {  # espeak-ng voice variants
    "train": ("m1", "m2", "m3", "m4", "m5", "m7", "f1", "f2", "f3", "f4", "Alicia", "Andy", "Annie", "Denis", "Gene", "Marco", "Michael",
              "adam", "anika", "antonio", "belinda", "caleb", "david", "ed", "iven", "klatt", "klatt2", "linda", "max", "quincy"),
    "validation": ("m6", "f5", "Andrea", "boris"),
    "test": ("m8", "Lee", "steph", "travis", "Mario", "shelby"),
}
