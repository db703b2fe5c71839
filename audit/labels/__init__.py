"""Labels: a person says of some samples whether they show a concept, and the count follows.

``sampling``    which samples to ask about, so that few labels tell most
``export``      drawing them, and what a person needs to see of each
``task``        what was drawn, kept with the dataset
``answers``     reading the labelled file, whoever made it
``voices``      what each of several people said, and the one label that follows
``journal``     every label as it is given, on the disk before it is thanked for
``stored``      all that was said of a task, put together, and what follows from it
``store``       keeping labels of a dataset, and finding those of a concept
``beside``      the labels of each concept beside its count
"""
