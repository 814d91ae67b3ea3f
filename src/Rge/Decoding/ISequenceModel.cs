using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inputs;
using static TorchSharp.torch;

namespace Rge.Decoding;

/// <summary>What the scheduler needs of a model: a vision tower, a decoder and one KV cache whose rows are numbered from 0.</summary>
internal interface ISequenceModel
{
    /// <inheritdoc cref="QwenVlModel.EncodeImages"/>
    IReadOnlyList<VisionFeatures> EncodeImages(IReadOnlyList<PatchedImage> images);

    /// <summary>Hidden states <c>[B, hidden]</c> at the last tokens of prompts that stand alone; handed over.</summary>
    Tensor Encode(IReadOnlyList<ModelInput> inputs);

    /// <summary>Reads prompts into empty rows; hidden states <c>[B, hidden]</c> at their last tokens, handed over.</summary>
    Tensor Prefill(IReadOnlyList<ModelInput> inputs, IReadOnlyList<int> rows);

    /// <summary>Runs one more token in each of the rows 0, 1, 2 …; hidden states <c>[B, hidden]</c>, handed over.</summary>
    Tensor Step(IReadOnlyList<int> tokenIds);

    /// <summary>Vocabulary logits <c>[B, vocab]</c> of hidden states; handed over.</summary>
    Tensor Logits(Tensor hidden);

    /// <summary>Makes the cache this large, keeping its first rows as far as they fit.</summary>
    /// <param name="rows">Sequences it holds at once.</param>
    /// <param name="capacity">Tokens of each.</param>
    /// <param name="keep">How many rows are in use, and kept.</param>
    void ResizeCache(int rows, int capacity, int keep);

    /// <summary>Moves a row to the place of one that is no longer in use.</summary>
    void MoveRow(int from, int to);

    /// <summary>Frees the cache.</summary>
    void ReleaseCache();
}
