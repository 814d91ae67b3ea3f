using System.Text.Json.Nodes;

namespace Rge.Training.Experiments;

/// <summary>A run measured on the test set.</summary>
/// <param name="Measurement">The row of the table it belongs to.</param>
/// <param name="Run">The run.</param>
/// <param name="Scores">Scores on the test set; see <see cref="RunFiles.ScoreJson"/>.</param>
public sealed record TestResult(string Measurement, RunResult Run, JsonObject Scores);
