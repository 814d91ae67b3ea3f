namespace Rge.Models.Inputs;

/// <summary>How the tokens of a prompt are numbered for rotary embeddings.</summary>
public enum PositionScheme
{
    /// <summary>M-RoPE: the tokens of an image spread over height and width; see <see cref="MropePositions"/>.</summary>
    Multimodal,

    /// <summary>0, 1, 2 … on all three axes, image tokens too: checkpoints whose code passed no positions.</summary>
    Sequential,
}
