using System.Text.Json.Nodes;

namespace Rge.Training.RunFiles;

/// <summary>A measurement on the development set, as a run's log has it.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Seconds">Seconds of training up to there.</param>
/// <param name="Scores">The scores; see <see cref="ScoreJson"/>.</param>
internal sealed record DevelopmentScore(int Step, double Seconds, JsonObject Scores)
{
    /// <summary>Mean hit@1 of the datasets, in percent.</summary>
    public double Average => 100 * ScoreJson.Average(Scores);

    /// <summary>Conclusions that are the oracle's, in percent; null without rationales.</summary>
    public double? RightConclusions => 100 * Scores["conclusion_right"]?.GetValue<double>();

    /// <summary>Tokens of rationale a query.</summary>
    public double? RationaleTokens => Scores["rationale_tokens"]?.GetValue<double>();

    /// <summary>The meta-tasks.</summary>
    public IEnumerable<string> Groups => Scores["groups"] is JsonObject groups ? groups.Select(group => group.Key) : [];

    /// <summary>hit@1 of a meta-task, in percent.</summary>
    public double? Group(string name) => 100 * Scores["groups"]?[name]?.GetValue<double>();

    /// <summary>The measurements of a log, in order.</summary>
    public static IReadOnlyList<DevelopmentScore> In(IEnumerable<JsonObject> log)
    {
        var (seconds, scores) = (0.0, new List<DevelopmentScore>());
        foreach (var entry in log)
        {
            if (entry["development"] is JsonObject measured)
                scores.Add(new DevelopmentScore(entry["step"]!.GetValue<int>(), seconds, measured));
            else
                seconds += entry["seconds"]?.GetValue<double>() ?? 0;
        }
        return scores;
    }

    /// <summary>The last measurement of a log; null for none.</summary>
    public static DevelopmentScore? LastIn(IEnumerable<JsonObject> log) => In(log) is [.., var last] ? last : null;
}
