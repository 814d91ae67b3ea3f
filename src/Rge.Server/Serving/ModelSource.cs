namespace Rge.Server.Serving;

/// <summary>Where the model comes from.</summary>
/// <param name="Load">Gets it, with the limits of the options it is given; called once.</param>
/// <param name="IsOwned">Whether it is freed with the server; one that the program around it has is left alone.</param>
/// <param name="EndsProgram">Whether the program is of no use without it.</param>
internal sealed record ModelSource(Func<ReasoningEmbedderOptions, ReasoningEmbedder> Load, bool IsOwned, bool EndsProgram)
{
    /// <summary>Gets the reranker, with the limits of the options it is given; <see langword="null"/> where there is none.</summary>
    public Func<RerankerOptions, Reranker>? LoadReranker { get; init; }
}
