namespace Rge.Models;

/// <summary>The generations of Qwen-VL that this library runs, by the <c>model_type</c> of their config.json.</summary>
public enum ModelFamily
{
    /// <summary><c>qwen2_vl</c>: LayerNorm vision blocks, full attention over the image.</summary>
    Qwen2Vl,

    /// <summary><c>qwen2_5_vl</c>: RMSNorm vision blocks with a gated MLP, windowed attention.</summary>
    Qwen25Vl,

    /// <summary><c>qwen3_vl</c>: interpolated position embeddings, deepstack, interleaved M-RoPE, query and key norms.</summary>
    Qwen3Vl,

    /// <summary><c>qwen3_5</c>: gated delta nets in most layers, gated attention that rotates a part of each head, no deepstack.</summary>
    Qwen35,
}
