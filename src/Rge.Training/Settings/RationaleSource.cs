namespace Rge.Training.Settings;

/// <summary>Which rationale a query's embedding is taken after while InfoNCE trains it.</summary>
public enum RationaleSource
{
    /// <summary>None: queries are encoded like targets.</summary>
    None,

    /// <summary>The oracle rationale. It leaks the answer: a shortcut that does not exist at inference.</summary>
    Oracle,

    /// <summary>A self rationale, written on the fly without gradient: reasoning-guided embedding.</summary>
    Self,

    /// <summary>
    /// Several rationales that the model samples, each with an embedding of its own (<see cref="ObjectiveSettings.Sampling"/>); the loss
    /// is the mean over them.
    /// </summary>
    Sampled,

    /// <summary>
    /// The self rationale of another query of the batch, of the same dataset where there is one: a control, which tells what the words add.
    /// </summary>
    Shuffled,

    /// <summary>One word over and over, as often as the self rationale has tokens: a control, which tells what further steps add.</summary>
    Filler,
}
