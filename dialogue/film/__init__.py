"""From a scene to a film, the one way there is: read, measure, choose, plan, render. What `import dialogue` offers."""
