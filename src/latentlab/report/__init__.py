"""The report: one page written from the results, with a chapter an experiment.

``page`` renders it, ``parts`` has what chapters are made of, and a module an experiment
says what its chapter asks, answers, shows and compares.
"""
