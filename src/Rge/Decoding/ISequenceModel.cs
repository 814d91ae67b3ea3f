using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inputs;
using static TorchSharp.torch;

namespace Rge.Decoding;

/// <summary>What the scheduler needs of a model: a vision tower, a decoder, and one state whose slots are numbered from 0.</summary>
internal interface ISequenceModel
{
    /// <inheritdoc cref="QwenVlModel.SlotTokens"/>
    long SlotTokens { get; }

    /// <inheritdoc cref="QwenVlModel.EncodeImages"/>
    IReadOnlyList<VisionFeatures> EncodeImages(IReadOnlyList<PatchedImage> images);

    /// <summary>Hidden states <c>[B, hidden]</c> at the last tokens of prompts that stand alone; owned by the caller.</summary>
    Tensor Encode(IReadOnlyList<ModelInput> inputs);

    /// <summary>
    /// Reads prompts into slots, from their start; hidden states <c>[B, hidden]</c> at their last tokens, owned by the caller.
    /// </summary>
    Tensor Prefill(IReadOnlyList<ModelInput> inputs, IReadOnlyList<int> slots);

    /// <summary>Runs one more token in each of the slots 0, 1, 2 …; hidden states <c>[B, hidden]</c>, owned by the caller.</summary>
    Tensor Step(IReadOnlyList<int> tokenIds);

    /// <summary>Vocabulary logits <c>[B, vocab]</c> of hidden states; owned by the caller.</summary>
    Tensor Logits(Tensor hidden);

    /// <summary>Makes the state this large, keeping its first slots.</summary>
    /// <param name="slots">Sequences it holds at once.</param>
    /// <param name="capacity">Tokens of each.</param>
    /// <param name="keep">How many slots are in use, and kept.</param>
    void ResizeState(int slots, int capacity, int keep);

    /// <summary>Moves a sequence to a slot that is no longer in use.</summary>
    void MoveSlot(int from, int to);

    /// <summary>Frees the state.</summary>
    void ReleaseState();
}
