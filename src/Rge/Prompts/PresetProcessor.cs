using Rge.Imaging;
using Rge.Models;
using Rge.Presets;
using Rge.Text;

namespace Rge.Prompts;

/// <summary>A checkpoint's processor as a preset uses it.</summary>
internal static class PresetProcessor
{
    /// <summary>Reads a folder's processor for a preset, with the chat template that this names.</summary>
    /// <remarks>The areas of images that a preset replaces are left for <see cref="Apply"/>: the folder's own limits do not hold.</remarks>
    /// <param name="preset">The preset.</param>
    /// <param name="tokenizer">The tokenizer of the folder, or of the adapter where that has one.</param>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <param name="adapter">The adapter's folder; null for none.</param>
    /// <param name="images">How images are read and resized; null for the defaults.</param>
    /// <exception cref="CheckpointException">A file does not exist or cannot be used, or the smallest area of images is above the
    /// largest.</exception>
    public static QwenVlProcessor Load(ModelPreset preset, QwenTokenizer tokenizer, string folder, string? adapter, ImageOptions? images)
    {
        var sources = ProcessorSources.Resolve(folder, adapter);
        images ??= ImageOptions.Default;
        if (preset.Images.Steps.Count > 0)
            images = images with { MinPixels = null, MaxPixels = null };
        var processor = new ImageProcessor(ImageProcessorConfig.FromFolder(sources.Images).With(images), images);
        return new QwenVlProcessor(tokenizer, Template(preset, sources, folder, adapter), processor);
    }

    /// <summary>
    /// The chat template that the preset names. One that has a prompt of its own needs none: what cannot be read is then no obstacle.
    /// </summary>
    private static ChatTemplate Template(ModelPreset preset, ProcessorSources sources, string folder, string? adapter)
    {
        if (preset.Prompt.Template is { } name and not PresetPrompt.DefaultTemplate)
            return ChatTemplate.Load(adapter is not null && File.Exists(Path.Combine(adapter, name)) ? adapter : folder, name);
        try
        {
            return ChatTemplate.Load(sources.Template);
        }
        catch (CheckpointException) when (preset.Prompt.Template is null)
        {
            return ChatTemplate.Default;
        }
    }

    /// <summary>Applies what a preset says of images.</summary>
    /// <param name="preset">The preset.</param>
    /// <param name="processor">The checkpoint's processor.</param>
    /// <param name="options">What goes before the preset; <see langword="null"/> for the options that the processor has.</param>
    /// <exception cref="CheckpointException">The smallest area of images is above the largest.</exception>
    public static QwenVlProcessor Apply(ModelPreset preset, QwenVlProcessor processor, ImageOptions? options)
    {
        if (preset.Images is { Alpha: AlphaHandling.Drop, Steps.Count: 0 })
            return options is null ? processor : processor.With(options);
        var images = processor.Images;
        if (preset.Images.Steps is { Count: > 0 } steps)
            images = images.WithSteps(steps);
        // A processor may have been made with options, whose areas were applied to what the checkpoint says.
        options = (options ?? processor.Images.Options) with { Alpha = preset.Images.Alpha };
        return new QwenVlProcessor(processor.Tokenizer, processor.Template, images.With(options));
    }
}
