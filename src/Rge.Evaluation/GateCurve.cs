namespace Rge.Evaluation;

/// <summary>
/// Rationales traded for accuracy: what a model that decides by its first token scores at each threshold, from one evaluation in which every
/// query reasons and one in which none does.
/// </summary>
/// <remarks>The embedding of a query is the same whichever way it was decided on, so that nothing is embedded again.</remarks>
public sealed class GateCurve
{
    /// <summary>Thresholds between 0, where no query reasons, and more than 1, where all do.</summary>
    private static readonly double[] Thresholds = [0, .. Enumerable.Range(1, 19).Select(i => i / 20.0), double.PositiveInfinity];

    private readonly EvaluationOutcome _on,
        _off;

    /// <summary>Compares two evaluations.</summary>
    /// <param name="on">That of <see cref="QueryRationale.Written"/>.</param>
    /// <param name="off">That of <see cref="QueryRationale.None"/>, on the same datasets.</param>
    /// <exception cref="ArgumentException">They are of other datasets, or a query of the first has no probability.</exception>
    public GateCurve(EvaluationOutcome on, EvaluationOutcome off)
    {
        ArgumentNullException.ThrowIfNull(on);
        ArgumentNullException.ThrowIfNull(off);
        if (!on.Datasets.Select(Shape).SequenceEqual(off.Datasets.Select(Shape)))
            throw new ArgumentException("The evaluations are of different datasets, expected the same.", nameof(off));
        if (on.Rows.Any(row => row.DirectProbability is null))
            throw new ArgumentException(
                "A query has no probability of the direct embedding, expected a model that was trained to decide by its first token.",
                nameof(on)
            );
        (_on, _off) = (on, off);

        static (string, int) Shape(DatasetOutcome dataset) => (dataset.Name, dataset.Rows.Count);
    }

    /// <summary>The evaluation at a threshold: queries of at least this probability are embedded without a rationale.</summary>
    public EvaluationOutcome At(double threshold) =>
        new([
            .. _on.Datasets.Zip(_off.Datasets, (on, off) =>
                on with
                {
                    Rows =
                    [
                        .. on.Rows.Zip(off.Rows, (reasoned, direct) =>
                            reasoned.DirectProbability >= threshold
                                ? direct with
                                {
                                    DirectProbability = reasoned.DirectProbability,
                                    RationaleTokens = 1, // the <emb> that it is decided by
                                }
                                : reasoned
                        ),
                    ],
                }
            ),
        ]);

    /// <summary>Points from no rationale to one for each query.</summary>
    public IReadOnlyList<GatePoint> Points() =>
        [
            .. from threshold in Thresholds
            let outcome = At(threshold)
            select new GatePoint(
                threshold,
                outcome.Average,
                outcome.Rows.Average(row => (double)row.RationaleTokens),
                outcome.Rows.Average(row => row.DirectProbability >= threshold ? 1.0 : 0.0)
            ),
        ];
}
