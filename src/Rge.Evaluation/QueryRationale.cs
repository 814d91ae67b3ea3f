namespace Rge.Evaluation;

/// <summary>The rationale that a query is embedded with.</summary>
public enum QueryRationale
{
    /// <summary>A rationale that the model writes.</summary>
    Written,

    /// <summary>None: queries are encoded like targets.</summary>
    None,

    /// <summary>The oracle rationale of the row, an upper bound; rows without one are encoded without.</summary>
    Oracle,
}
