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
}
