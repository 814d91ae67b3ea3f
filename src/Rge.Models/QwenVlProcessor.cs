using Rge.Models.Tokens;
using Rge.Models.Vision;

namespace Rge.Models;

/// <summary>What stands between people's texts and pictures and a checkpoint: its tokenizer, chat template and image processor. Immutable and thread-safe.</summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="template">The chat template.</param>
/// <param name="images">The image processor.</param>
public sealed class QwenVlProcessor(QwenTokenizer tokenizer, ChatTemplate template, ImageProcessor images)
{
    /// <summary>The tokenizer.</summary>
    public QwenTokenizer Tokenizer { get; } = tokenizer;

    /// <summary>The chat template.</summary>
    public ChatTemplate Template { get; } = template;

    /// <summary>The image processor.</summary>
    public ImageProcessor Images { get; } = images;

    /// <summary>Reads the tokenizer, template and preprocessor files of a checkpoint folder.</summary>
    /// <exception cref="CheckpointException">A file is missing or cannot be used.</exception>
    public static QwenVlProcessor Load(string folder) =>
        new(QwenTokenizer.Load(folder), ChatTemplate.Load(folder), new ImageProcessor(ImageProcessorConfig.FromFolder(folder)));
}
