using Rge.Imaging;
using Rge.Text;

namespace Rge.Models;

/// <summary>
/// What stands between people's texts and images and a checkpoint: its tokenizer, chat template and image processor. Immutable and
/// thread-safe.
/// </summary>
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

    /// <summary>
    /// Reads the tokenizer, template and preprocessor files of a checkpoint folder. An adapter's folder that brings its own goes before: it
    /// was trained with those.
    /// </summary>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <param name="adapter">Folder of the adapter that is applied to it; <see langword="null"/> for none.</param>
    /// <param name="images">How images are read and resized; <see langword="null"/> for what <see cref="ImageOptions.Default"/>
    /// says.</param>
    /// <exception cref="CheckpointException">A file is missing or cannot be used, or the smallest area of images is above the
    /// largest.</exception>
    public static QwenVlProcessor Load(string folder, string? adapter = null, ImageOptions? images = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        images ??= ImageOptions.Default;
        var sources = ProcessorSources.Resolve(folder, adapter);
        return new QwenVlProcessor(
            QwenTokenizer.Load(sources.Tokenizer),
            ChatTemplate.Load(sources.Template),
            new ImageProcessor(ImageProcessorConfig.FromFolder(sources.Images).With(images), images)
        );
    }

    /// <summary>The same with other options for images.</summary>
    /// <exception cref="CheckpointException">The smallest area is above the largest.</exception>
    public QwenVlProcessor With(ImageOptions images) => new(Tokenizer, Template, Images.With(images));
}
