namespace Rge.Models.Configuration;

/// <summary>
/// What prompts and layers must know of a checkpoint: the shapes of decoder and vision tower, and the tokens that mark images.
/// </summary>
public record ModelConfig
{
    /// <summary>The decoder.</summary>
    public required TextConfig Text { get; init; }

    /// <summary>The vision tower.</summary>
    public required VisionConfig Vision { get; init; }

    /// <summary>Token that stands for one merged patch.</summary>
    public required int ImageTokenId { get; init; }

    /// <summary>Token that stands for one merged patch of a video; refused in prompts, videos are not read.</summary>
    public required int VideoTokenId { get; init; }

    /// <summary>Token before an image.</summary>
    public required int VisionStartTokenId { get; init; }

    /// <summary>Token after an image.</summary>
    public required int VisionEndTokenId { get; init; }
}
