namespace Rge.Training.Settings;

/// <summary>What to do with a row that cannot be used.</summary>
public enum FailureAction
{
    /// <summary>The run ends with an error that names the row.</summary>
    Fail,

    /// <summary>Another row takes its place; the log names it.</summary>
    Skip,
}
