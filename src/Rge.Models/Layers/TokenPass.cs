namespace Rge.Models.Layers;

/// <summary>How the packed tokens of one pass hang together: the same for every layer, whatever it computes.</summary>
/// <param name="Runs">
/// The runs of tokens, each after its parent. A recurrence walks them in order: each begins where its parent or its slot ends.
/// </param>
/// <param name="Attention">Who attends to whom.</param>
/// <param name="States">What each layer carries over from earlier passes and on to later ones; null where sequences stand alone.</param>
internal sealed record TokenPass(IReadOnlyList<TokenRun> Runs, IAttentionPattern Attention, IReadOnlyList<ILayerState>? States = null)
{
    private RunChunks? _chunks;
    private CausalWindows? _windows;

    /// <summary>True for a decoding step: one token of each of several sequences that have a past.</summary>
    public bool IsStep => Runs.All(run => run is { Length: 1, Past: > 0 });

    /// <summary>The runs cut into chunks, for a recurrence; found once for all layers.</summary>
    public RunChunks Chunks => _chunks ??= new RunChunks(Runs);

    /// <summary>The tokens before each token, for a convolution; found once for all layers of the same number of taps.</summary>
    public CausalWindows Windows(int taps) => _windows?.Taps == taps ? _windows : _windows = new CausalWindows(Runs, taps);
}
