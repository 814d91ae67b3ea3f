using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inputs;
using static TorchSharp.torch;

namespace Rge.Decoding;

/// <summary>What the scheduler needs of a model: a vision tower, a decoder, and states.</summary>
internal interface ISequenceModel
{
    /// <inheritdoc cref="QwenVlModel.SlotTokens"/>
    long SlotTokens { get; }

    /// <summary>Whether the first tokens of a slot can be copied without the rest.</summary>
    bool CanCutStates { get; }

    /// <summary>The token that stands for a merged patch of an image.</summary>
    int ImageTokenId { get; }

    /// <summary>How many tokens an image takes.</summary>
    int TokensOf(ImageGrid grid);

    /// <inheritdoc cref="QwenVlModel.EncodeImages"/>
    IReadOnlyList<VisionFeatures> EncodeImages(IReadOnlyList<PatchedImage> images);

    /// <summary>Hidden states <c>[B, hidden]</c> at the last tokens of prompts that stand alone; owned by the caller.</summary>
    Tensor Encode(IReadOnlyList<ModelInput> inputs);

    /// <summary>Makes a state; the caller disposes it.</summary>
    /// <param name="slots">Sequences it holds at once.</param>
    /// <param name="capacity">Tokens of each.</param>
    ISequenceState CreateState(int slots, int capacity);

    /// <summary>
    /// Reads prompts, each after what its slot holds; hidden states <c>[B, hidden]</c> at their last tokens, owned by the caller.
    /// </summary>
    Tensor Prefill(IReadOnlyList<ModelInput> inputs, ISequenceState state, IReadOnlyList<int> slots);

    /// <summary>Runs one more token in each of the slots 0, 1, 2 …; hidden states <c>[B, hidden]</c>, owned by the caller.</summary>
    Tensor Step(IReadOnlyList<int> tokenIds, ISequenceState state);

    /// <summary>Vocabulary logits <c>[B, vocab]</c> of hidden states; owned by the caller.</summary>
    Tensor Logits(Tensor hidden);
}
