using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Training.RunFiles;

namespace Rge.Training.Experiments;

/// <summary>
/// The outcome of one run, as an experiment stores and reports it. Scores are JSON: see <see cref="RunFiles.ScoreJson"/>.
/// </summary>
public sealed record RunResult
{
    /// <summary>The variant.</summary>
    public required string Variant { get; init; }

    /// <summary>The seed.</summary>
    public required long Seed { get; init; }

    /// <summary>The values of the settings that were tuned.</summary>
    public required IReadOnlyList<string> Choice { get; init; }

    /// <summary>Steps of the run that this one starts with; 0 where that is the pretraining.</summary>
    public int EarlierSteps { get; init; }

    /// <summary>Seconds of the run that this one starts with; 0 where that is the pretraining.</summary>
    public double EarlierSeconds { get; init; }

    /// <summary>Steps of the optimizer since the pretraining, those of earlier runs included, as in all that follows.</summary>
    public required int Steps { get; init; }

    /// <summary>Seconds of training, without measurements and checkpoints.</summary>
    public required double Seconds { get; init; }

    /// <summary>Queries learned from.</summary>
    public required long Queries { get; init; }

    /// <summary>Tokens written as self rationales while training.</summary>
    public required long GeneratedTokens { get; init; }

    /// <summary>Scores on the development set.</summary>
    public required JsonObject Development { get; init; }

    /// <summary>Its name, which is that of its folder.</summary>
    public string Name => NameOf(Variant, Choice, Seed);

    /// <summary>Mean hit@1 of the datasets of the development set, 0 to 1.</summary>
    public double DevelopmentAverage => ScoreJson.Average(Development);

    internal static string NameOf(string variant, IReadOnlyList<string> choice, long seed) =>
        string.Join(
            '-',
            [
                variant,
                .. choice.Select(setting => InFileName(setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..])),
                $"seed{seed.ToString(CultureInfo.InvariantCulture)}",
            ]
        );

    /// <summary>Values that are tuned may be anything, paths too.</summary>
    private static string InFileName(string value) =>
        string.Concat(value.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '+' ? c : '_'));
}
