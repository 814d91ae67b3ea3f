using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inference;
using Rge.Models.Inputs;
using static TorchSharp.torch;

namespace Rge.Decoding;

/// <summary>A Qwen-VL model with the one state of its decoding loop. Borrows the model, owns the state.</summary>
internal sealed class CachedModel(QwenVlModel model) : ISequenceModel
{
    private DecodingState? _cache;

    private DecodingState Cache => _cache ?? throw new InvalidOperationException("The cache has no room yet.");

    public IReadOnlyList<VisionFeatures> EncodeImages(IReadOnlyList<PatchedImage> images) => model.EncodeImages(images);

    public Tensor Encode(IReadOnlyList<ModelInput> inputs) => model.Encode(inputs);

    public Tensor Prefill(IReadOnlyList<ModelInput> inputs, IReadOnlyList<int> rows)
    {
        foreach (var row in rows) Cache.Reset(row);
        return model.Prefill(inputs, Cache, rows);
    }

    public Tensor Step(IReadOnlyList<int> tokenIds) => model.Step(tokenIds, Cache, [.. Enumerable.Range(0, tokenIds.Count)]);

    public Tensor Logits(Tensor hidden) => model.Logits(hidden);

    public void ResizeCache(int rows, int capacity, int keep)
    {
        var larger = model.CreateState(rows, capacity);
        for (var row = 0; row < keep; row++) larger.CopyFrom(Cache, row, row);
        _cache?.Dispose();
        _cache = larger;
    }

    public void MoveRow(int from, int to) => Cache.CopyFrom(Cache, from, to);

    public void ReleaseCache()
    {
        _cache?.Dispose();
        _cache = null;
    }
}
