using System.Text.Json.Nodes;
using Rge.Evaluation;

namespace Rge.Training.RunFiles;

/// <summary>Scores as they are stored: shares of 0 to 1.</summary>
internal static class ScoreJson
{
    public static JsonObject Create(EvaluationOutcome outcome, GateCurve curve)
    {
        var scores = Create(outcome);
        scores["direct"] = outcome.Rows.Average(row => row.Rationale is null ? 1.0 : 0.0);
        scores["curve"] = new JsonArray([
            .. curve
                .Points()
                .Select(point =>
                    (JsonNode)
                        new JsonObject
                        {
                            // JSON knows no infinity.
                            ["threshold"] = double.IsInfinity(point.Threshold) ? null : point.Threshold,
                            ["average"] = point.Average,
                            ["rationale_tokens"] = point.RationaleTokens,
                            ["direct"] = point.Direct,
                        }
                ),
        ]);
        return scores;
    }

    public static JsonObject Create(EvaluationOutcome outcome)
    {
        var rows = outcome.Rows.ToList();
        var compared = rows.Where(row => row.ConclusionIsRight is not null).ToList();
        return new JsonObject
        {
            ["average"] = outcome.Average,
            ["groups"] = new JsonObject(outcome.Groups.Select(group => KeyValuePair.Create(group.Key, (JsonNode?)group.Value))),
            ["datasets"] = new JsonObject(
                outcome.Datasets.Select(dataset =>
                    KeyValuePair.Create(
                        dataset.Name,
                        (JsonNode?)
                            new JsonObject
                            {
                                ["hit_at_1"] = dataset.HitAt1,
                                ["rows"] = dataset.Rows.Count,
                                ["conclusion_right"] = Share(dataset.Rows, row => row.ConclusionIsRight),
                                ["rationale_right"] = Share(dataset.Rows, row => row.RationaleIsRight),
                                ["rationale_tokens"] = dataset.Rows.Average(row => (double)row.RationaleTokens),
                            }
                    )
                )
            ),
            ["rationale_tokens"] = rows.Average(row => (double)row.RationaleTokens),
            ["conclusion_right"] = Share(rows, row => row.ConclusionIsRight),
            ["hit_at_1_when_conclusion_right"] = Share(compared.Where(row => row.ConclusionIsRight == true), row => row.IsHit),
            ["hit_at_1_when_conclusion_wrong"] = Share(compared.Where(row => row.ConclusionIsRight == false), row => row.IsHit),
        };
    }

    /// <summary>
    /// The mean hit@1 of the datasets in stored scores, 0 to 1. Computed and not read: earlier versions stored the mean of the meta-tasks
    /// under the same name, and logs of development scores may have nothing else.
    /// </summary>
    public static double Average(JsonNode scores) =>
        scores["datasets"] is JsonObject { Count: > 0 } datasets
            ? datasets.Average(dataset => dataset.Value!["hit_at_1"]!.GetValue<double>())
            : scores["average"]!.GetValue<double>();

    private static double? Share(IEnumerable<RowOutcome> rows, Func<RowOutcome, bool?> what)
    {
        var known = rows.Select(what).OfType<bool>().ToList();
        return known.Count == 0 ? null : known.Average(value => value ? 1.0 : 0.0);
    }
}
