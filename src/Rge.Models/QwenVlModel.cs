using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>Stub, being written.</summary>
public sealed class QwenVlModel : IDisposable
{
    /// <summary>Loads a checkpoint folder.</summary>
    public static QwenVlModel Load(string folder, QwenVlModelOptions? options = null) => throw new NotSupportedException();
    /// <summary>Configuration.</summary>
    public QwenVlConfig Config => throw new NotSupportedException();
    /// <summary>Runs the vision tower over several images at once; the caller disposes each result.</summary>
    public IReadOnlyList<VisionFeatures> EncodeImages(IReadOnlyList<PatchedImage> images) => throw new NotSupportedException();
    /// <summary>Makes a cache of <paramref name="slots"/> rows, each holding up to <paramref name="capacity"/> tokens.</summary>
    public KvCache CreateCache(int slots, int capacity) => throw new NotSupportedException();
    /// <summary>Runs inputs[i] after what slot slots[i] holds already (nothing, usually) and returns the hidden state (after the final norm) at the last token of each, [B, hidden]; the caller disposes.</summary>
    public Tensor Prefill(IReadOnlyList<ModelInput> inputs, KvCache cache, IReadOnlyList<int> slots) => throw new NotSupportedException();
    /// <summary>One token for each listed slot; returns hidden states [B, hidden]; the caller disposes.</summary>
    public Tensor Step(IReadOnlyList<int> tokenIds, KvCache cache, IReadOnlyList<int> slots) => throw new NotSupportedException();
    /// <summary>Encodes without a cache: hidden state at the last token of each input, [B, hidden]; the caller disposes.</summary>
    public Tensor Encode(IReadOnlyList<ModelInput> inputs) => throw new NotSupportedException();
    /// <summary>Vocabulary logits of hidden states [B, hidden] → [B, vocab], in the model's dtype; the caller disposes.</summary>
    public Tensor Logits(Tensor hidden) => throw new NotSupportedException();
    /// <inheritdoc/>
    public void Dispose() { }
}
