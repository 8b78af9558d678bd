"""Many cases: how they are written down and kept, and how the model's numbers learn from them.

In the order in which a case becomes a better number: `cases/` (what a case is; files), `store/` (where cases and versions are
kept), `patterns` (distinct cases with their weights), `parameters` (all numbers as one vector), `em` (expected counts into new
numbers), `information` (how sure they are), `tuning` (all of it: the public `tune`), `evaluation` (is it better?),
`differences` and `versions` (what changed; adopt and roll back), `model_files` (back to readable files).
"""
