namespace Rge.Training.Settings;

/// <summary>The direction of InfoNCE.</summary>
public enum ContrastDirection
{
    /// <summary>Each query chooses among targets.</summary>
    QueryToTarget,

    /// <summary>The mean of that and of each target choosing among queries.</summary>
    Both,
}
