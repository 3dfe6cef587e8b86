# Included last in a Snakefile, which has made STUDY: then all rules are known (study.py).

STUDY.watch()


onstart:
    STUDY.start()


onsuccess:
    STUDY.end()


onerror:
    STUDY.end(failed=True)
