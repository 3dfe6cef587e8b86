"""Compile Powell's kernels once, before jobs that use them start side by side."""

import step

from latentlab import powell


def main(argv):
    step.arguments(__doc__, argv)
    powell.compile()


if __name__ == "__main__":
    step.run(main)
