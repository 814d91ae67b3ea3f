using Rge.Imaging;
using Rge.Models;
using Rge.Presets;
using Rge.Text;

namespace Rge.Prompts;

/// <summary>A checkpoint's processor as a preset uses it.</summary>
internal static class PresetProcessor
{
    /// <summary>The processor with the chat template that the preset names.</summary>
    /// <exception cref="CheckpointException">The template does not exist or cannot be used.</exception>
    public static QwenVlProcessor WithTemplate(ModelPreset preset, QwenVlProcessor processor, string folder, string? adapter)
    {
        if (preset.Prompt.Template is null or PresetPrompt.DefaultTemplate)
            return processor;
        var source = adapter is not null && File.Exists(Path.Combine(adapter, preset.Prompt.Template)) ? adapter : folder;
        return new QwenVlProcessor(processor.Tokenizer, ChatTemplate.Load(source, preset.Prompt.Template), processor.Images);
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
