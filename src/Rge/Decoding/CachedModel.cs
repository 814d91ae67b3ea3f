using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inference;
using Rge.Models.Inputs;
using static TorchSharp.torch;

namespace Rge.Decoding;

/// <summary>A Qwen-VL model with the one state of its decoding loop. Borrows the model, owns the state.</summary>
internal sealed class CachedModel(QwenVlModel model) : ISequenceModel
{
    private DecodingState? _state;

    private DecodingState State => _state ?? throw new InvalidOperationException("The state has no room yet.");

    public long SlotTokens => model.SlotTokens;

    public IReadOnlyList<VisionFeatures> EncodeImages(IReadOnlyList<PatchedImage> images) => model.EncodeImages(images);

    public Tensor Encode(IReadOnlyList<ModelInput> inputs) => model.Encode(inputs);

    public Tensor Prefill(IReadOnlyList<ModelInput> inputs, IReadOnlyList<int> slots)
    {
        foreach (var slot in slots)
            State.Reset(slot);
        return model.Prefill(inputs, State, slots);
    }

    public Tensor Step(IReadOnlyList<int> tokenIds) => model.Step(tokenIds, State, [.. Enumerable.Range(0, tokenIds.Count)]);

    public Tensor Logits(Tensor hidden) => model.Logits(hidden);

    public void ResizeState(int slots, int capacity, int keep)
    {
        var larger = model.CreateState(slots, capacity);
        try
        {
            for (var slot = 0; slot < keep; slot++)
                larger.CopyFrom(State, slot, slot);
        }
        catch
        {
            larger.Dispose();
            throw;
        }
        _state?.Dispose();
        _state = larger;
    }

    public void MoveSlot(int from, int to) => State.CopyFrom(State, from, to);

    public void ReleaseState()
    {
        _state?.Dispose();
        _state = null;
    }
}
