"""Make the table that ``routing-replay`` ships: which of 20 US stocks beat the day's median return.

python tools/make_us20_table.py us20_daily_1990_2022.parquet src/isotherm/data/us20_beat_median.parquet
"""

import sys

import polars as pl


def main(prices: str, out: str) -> None:
    table = pl.read_parquet(prices).sort("unix").drop("SP500")
    names = [name for name in table.columns if name != "unix"]
    returns = table.select("unix", *(pl.col(name) / pl.col(name).shift(1) - 1 for name in names)).slice(1)
    median = pl.concat_list(names).list.median().alias("median")
    beats = returns.with_columns(median).select(
        pl.from_epoch("unix", time_unit="ms").dt.date().alias("date"),
        *((pl.col(name) > pl.col("median")).cast(pl.Int8) for name in names),
    )
    beats.write_parquet(out, compression="zstd")


if __name__ == "__main__":
    main(*sys.argv[1:])
