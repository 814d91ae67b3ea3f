namespace Rge.Training.Settings;

/// <summary>A phase of a run with its own learning-rate schedule.</summary>
public sealed record PhaseSettings
{
    /// <summary>Name in the log.</summary>
    public string Name { get; init; } = "train";

    /// <summary>
    /// Its task: <c>pairs</c>, the joint objective on queries and targets; <c>reinforce</c>, which also rewards rationales for the embedding
    /// after them; with ShapeWorld also <c>cells</c>, <c>language</c> and <c>likeness</c>. Programs can register further tasks.
    /// </summary>
    public string Task { get; init; } = "pairs";

    /// <summary>Steps of the optimizer; at least 1.</summary>
    public int Steps { get; init; } = 1000;

    /// <summary>Highest learning rate.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Steps of linear warm-up to it.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>The schedule of the rate from there.</summary>
    public LearningRateShape Schedule { get; init; } = LearningRateShape.Cosine;

    /// <summary>The rate of the last step, as a fraction of the highest.</summary>
    public double FinalFraction { get; init; }

    /// <summary>Weight of the next-token loss in this phase; that of the objective unless given.</summary>
    public double? LmWeight { get; init; }

    /// <summary>Weight of InfoNCE in this phase; that of the objective unless given.</summary>
    public double? EmbeddingWeight { get; init; }

    /// <summary>The learning rate of a step of this phase.</summary>
    /// <param name="step">Steps of the phase that are done already, 0 to <see cref="Steps"/> − 1.</param>
    public double RateAt(int step)
    {
        if (step < WarmupSteps)
            return LearningRate * (step + 1) / WarmupSteps;
        var progress = (double)(step - WarmupSteps) / Math.Max(1, Steps - WarmupSteps);
        var share = Schedule switch
        {
            LearningRateShape.Constant => 1,
            LearningRateShape.Linear => 1 - progress,
            _ => (1 + Math.Cos(Math.PI * progress)) / 2,
        };
        return LearningRate * (FinalFraction + (1 - FinalFraction) * share);
    }

    internal void Validate(string where)
    {
        SettingCheck.That(Steps >= 1, $"{where}.steps", Steps, "at least 1");
        SettingCheck.That(LearningRate > 0, $"{where}.learning_rate", LearningRate, "above 0");
        SettingCheck.That(WarmupSteps >= 0 && WarmupSteps <= Steps, $"{where}.warmup_steps", WarmupSteps, $"0 to {Steps}");
        SettingCheck.That(FinalFraction is >= 0 and <= 1, $"{where}.final_fraction", FinalFraction, "0 to 1");
        SettingCheck.That(LmWeight is null or >= 0, $"{where}.lm_weight", LmWeight, "0 or more");
        SettingCheck.That(EmbeddingWeight is null or >= 0, $"{where}.embedding_weight", EmbeddingWeight, "0 or more");
    }
}
