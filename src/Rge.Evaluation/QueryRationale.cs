namespace Rge.Evaluation;

/// <summary>The rationale that a query is embedded with, or what is embedded in the query's place.</summary>
/// <remarks>
/// Those from <see cref="ConclusionAsTarget"/> to <see cref="Filler"/> tell what an embedding takes from its rationale. The model first writes the rationale of
/// each query; a query for which it writes nothing keeps the embedding it has then.
/// </remarks>
public enum QueryRationale
{
    /// <summary>A rationale that the model writes: <see cref="ReasoningMode.On"/>.</summary>
    Written,

    /// <summary>None: queries are encoded like targets.</summary>
    None,

    /// <summary>The oracle rationale of the row, an upper bound; rows without one are encoded without.</summary>
    Oracle,

    /// <summary>
    /// The conclusion of the written rationale, embedded as a target in the query's place: in the words that the texts of all the row's
    /// wrong candidates begin and end with, where there are such.
    /// </summary>
    ConclusionAsTarget,

    /// <summary>The written rationale, embedded as a target in the query's place.</summary>
    RationaleAsTarget,

    /// <summary>The rationale that was written for another row of the dataset: of the following ones the first that differs.</summary>
    Shuffled,

    /// <summary>One word over and over, as many tokens as the written rationale has.</summary>
    Filler,

    /// <summary>A rationale, or none where the model decides so by its first token: <see cref="ReasoningMode.Auto"/>.</summary>
    Auto,
}
