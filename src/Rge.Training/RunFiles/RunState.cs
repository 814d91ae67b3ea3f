namespace Rge.Training.RunFiles;

/// <summary>The state of a run; a checkpoint's <c>state.json</c>.</summary>
public sealed record RunState
{
    /// <summary>Steps done. The data of every step follows from this and the seed.</summary>
    public int Step { get; init; }

    /// <summary>Seconds spent in steps, measurements and checkpoints not counted.</summary>
    public double TrainingSeconds { get; init; }

    /// <summary>Queries learned from.</summary>
    public long Queries { get; init; }

    /// <summary>Tokens run through the decoder with gradient.</summary>
    public long Tokens { get; init; }

    /// <summary>Tokens the model wrote in training, such as self rationales.</summary>
    public long GeneratedTokens { get; init; }
}
