namespace Rge.Models.Layers;

/// <summary>How the packed tokens of one pass hang together: the same for every layer, whatever it computes.</summary>
/// <param name="Runs">
/// The runs of tokens, each after its parent. A recurrence walks them in order: each begins where its parent or its slot ends.
/// </param>
/// <param name="Attention">Who attends to whom.</param>
/// <param name="States">What each layer carries over from earlier passes and on to later ones; null where sequences stand alone.</param>
internal sealed record TokenPass(IReadOnlyList<TokenRun> Runs, IAttentionPattern Attention, IReadOnlyList<ILayerState>? States = null);
