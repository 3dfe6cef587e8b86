# shards: the replicates of a cell trained by several jobs and joined, for clusters.
#
# With ``shards: 1`` this file adds nothing. With more, parts and a rule that joins them take the
# place of each train rule of the letter experiments; their files are the same to the byte.

PARTS = {
    "architectures": "{network}/{encoder}",
    "optimizers": "{optimizer}/{network}",
    "letters": "{font}/{network}",
    "denoising": DENOISER,
}


def parts_of(experiment, cell):
    """The number of parts of a cell: no more than it has replicates."""
    return min(SHARDS, steps_of(experiment, cell)["train"]["replicates"])


def cell_of_part(wildcards):
    """The name of the cell whose part the wildcards name."""
    return cell_of(wildcards[:-1])


def part_settings(experiment):
    """The settings of a part: those of the cell, and which part it is of how many."""

    def of_part(wildcards):
        *_, part = wildcards
        cell = cell_of_part(wildcards)
        train = steps_of(experiment, cell)["train"]
        return by_file({**train, "part": [int(part), parts_of(experiment, cell)]})

    return of_part


def part_files(experiment):
    """The files of all parts of the cell that the wildcards name."""

    def of_cell(wildcards):
        cell = cell_of(wildcards)
        return [
            f".cache/parts/{experiment}/{cell}/{part}/{file}"
            for part in range(parts_of(experiment, cell))
            for file in ("weights.npz", "history.csv", "runs.csv")
        ]

    return of_cell


def join_settings(experiment):
    """The settings of a joined cell: parts are gone by then, so what they were made of is here."""

    def of_cell(wildcards):
        cell = cell_of(wildcards)
        train = steps_of(experiment, cell)["train"]
        return by_file({**train, "parts": parts_of(experiment, cell)})

    return of_cell


if SHARDS > 1:
    for experiment, cell in PARTS.items():

        tuned = experiment == "optimizers"

        rule:
            name:
                f"train_{experiment}_part"
            input:
                # the rule that joins watches its content; of parts that are gone nothing is known
                **({"tuning": ancient(tuning)} if tuned else {}),
                fonts=FONTS,
            output:
                weights=temp(f".cache/parts/{experiment}/{cell}/{{part}}/weights.npz"),
                history=temp(f".cache/parts/{experiment}/{cell}/{{part}}/history.csv"),
                runs=temp(f".cache/parts/{experiment}/{cell}/{{part}}/runs.csv"),
            log:
                f"logs/train_{experiment}_part/{cell}/{{part}}.log",
            params:
                **step(
                    f"train_{experiment}",
                    settings=part_settings(experiment),
                    unused=unused_optimizers(experiment, "train", of=cell_of_part),
                ),
            shell:
                RUN

        rule:
            name:
                f"join_{experiment}"
            input:
                FONTS,
                tuning if tuned else [],
                part_files(experiment),
            output:
                weights=f"results/{experiment}/cells/{cell}/weights.npz",
                history=f"results/{experiment}/cells/{cell}/history.csv",
                runs=f"results/{experiment}/cells/{cell}/runs.csv",
            log:
                f"logs/join_{experiment}/{cell}.log",
            params:
                **step(
                    "join_parts",
                    settings=join_settings(experiment),
                    parts=f".cache/parts/{experiment}/{cell}",
                ),
                trained=STUDY.code(
                    f"train_{experiment}",
                    unused=unused_optimizers(experiment, "train"),
                ),
            shell:
                RUN

        STUDY.prefer(f"join_{experiment}", f"train_{experiment}")
