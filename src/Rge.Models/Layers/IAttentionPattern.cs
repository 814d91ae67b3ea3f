using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Who attends to whom among the tokens of one pass; the same in every layer.</summary>
internal interface IAttentionPattern
{
    /// <summary>True where queries and keys should come in float32, rotated but not rounded again; false for the number type of the values.</summary>
    bool WantsFloat32Queries { get; }

    /// <summary>softmax(q kᵀ / √headDim) v over the tokens that each token may see, with grouped key and value heads.</summary>
    /// <param name="cache">Keys and values of earlier tokens, extended by the new ones; null where sequences stand alone.</param>
    /// <param name="queries">Rotated queries <c>[N, heads, headDim]</c>.</param>
    /// <param name="keys">Rotated keys <c>[N, kvHeads, headDim]</c>.</param>
    /// <param name="values">Values <c>[N, kvHeads, headDim]</c>.</param>
    /// <returns><c>[N, heads · headDim]</c></returns>
    Tensor Attend(KvCache? cache, Tensor queries, Tensor keys, Tensor values);
}
