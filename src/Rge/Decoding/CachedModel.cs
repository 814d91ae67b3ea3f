using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inference;
using Rge.Models.Inputs;
using static TorchSharp.torch;

namespace Rge.Decoding;

/// <summary>A Qwen-VL model with its decoding states. Borrows the model.</summary>
internal sealed class CachedModel(QwenVlModel model) : ISequenceModel
{
    public long SlotTokens => model.SlotTokens;

    public bool CanCutStates => model.Config.Text.DeltaNet is null;

    public int ImageTokenId => model.Config.ImageTokenId;

    public int TokensOf(ImageGrid grid) => grid.MergedPatches(model.Config.Vision.SpatialMergeSize);

    public IReadOnlyList<VisionFeatures> EncodeImages(IReadOnlyList<PatchedImage> images) => model.EncodeImages(images);

    public Tensor Encode(IReadOnlyList<ModelInput> inputs) => model.Encode(inputs);

    public ISequenceState CreateState(int slots, int capacity) => new State(model, model.CreateState(slots, capacity));

    public Tensor Prefill(IReadOnlyList<ModelInput> inputs, ISequenceState state, IReadOnlyList<int> slots) =>
        model.Prefill(inputs, ((State)state).Slots, slots);

    public Tensor Step(IReadOnlyList<int> tokenIds, ISequenceState state) =>
        model.Step(tokenIds, ((State)state).Slots, [.. Enumerable.Range(0, tokenIds.Count)]);

    public Tensor Logits(Tensor hidden) => model.Logits(hidden);

    private sealed class State(QwenVlModel model, DecodingState slots) : ISequenceState
    {
        public DecodingState Slots => slots;

        public void Reset(int slot) => slots.Reset(slot);

        public void CopyFrom(ISequenceState source, int from, int to) => slots.CopyFrom(((State)source).Slots, from, to);

        public void Begin(ISequenceState source, int to, PromptContent prompt, int tokens)
        {
            var positions = MropePositions.Compute(
                prompt.First(tokens),
                prompt.GridsWithin(tokens),
                model.Config,
                scheme: prompt.Positions
            );
            slots.CopyFrom(((State)source).Slots, 0, to, tokens, positions.Next);
        }

        public void Dispose() => slots.Dispose();
    }
}
