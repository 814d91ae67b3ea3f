using System.CommandLine;
using Rge.Imaging;

namespace Rge.Cli.Options;

/// <summary>The options for how images are read and sized, of every verb that runs a model or shows one.</summary>
internal sealed class ImageReading
{
    private readonly Option<int?> _maxPixels = new("--max-pixels")
    {
        Description =
            "Larger images are reduced to this area in pixels. Default: what the preset says, else preprocessor_config.json, or "
            + $"{ImageProcessorConfig.DefaultMaxTokens} image tokens where that has the stock value.",
    };

    private readonly Option<int?> _minPixels = new("--min-pixels")
    {
        Description = "Smaller images are enlarged to this area in pixels. Default: what the preset says, else preprocessor_config.json.",
    };

    private readonly Option<bool?> _exifOrientation = new("--exif-orientation")
    {
        Description =
            "Turn photographs upright as their EXIF orientation says. Default: what the checkpoint was trained with, else pixels as "
            + "they are stored.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string> _truncated = new Option<string>("--truncated-images")
    {
        Description =
            "What to do with images whose file ends early: refuse them, or accept the existing part, as Pillow does with "
            + "LOAD_TRUNCATED_IMAGES.",
        DefaultValueFactory = _ => "refuse",
    }.AcceptOnlyFromAmong("refuse", "accept");

    private readonly bool _decodes;

    /// <param name="decodes">Whether the verb decodes images, and so the option for those whose file ends early.</param>
    public ImageReading(bool decodes = true)
    {
        _decodes = decodes;
        CommonOptions.AtLeast(_maxPixels, 1);
        CommonOptions.AtLeast(_minPixels, 1);
    }

    /// <summary>The options for the area, which concerns a model alone.</summary>
    public IReadOnlyList<Option> Areas => [_minPixels, _maxPixels];

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_maxPixels, _minPixels, _exifOrientation])
            command.Add(option);
        if (_decodes)
            command.Add(_truncated);
    }

    /// <summary>What was chosen.</summary>
    public ImageOptions Read(ParseResult parsed) =>
        new()
        {
            MaxPixels = parsed.GetValue(_maxPixels),
            MinPixels = parsed.GetValue(_minPixels),
            ExifOrientation = parsed.GetValue(_exifOrientation),
            Truncated = parsed.GetValue(_truncated) == "accept" ? TruncatedImages.Accept : TruncatedImages.Refuse,
        };

    /// <summary>What was chosen, as one readable line.</summary>
    public string Describe(ParseResult parsed)
    {
        var options = Read(parsed);
        return $"{_maxPixels.Name}={options.MaxPixels} {_minPixels.Name}={options.MinPixels} "
            + $"{_exifOrientation.Name}={options.ExifOrientation} {_truncated.Name}={options.Truncated}";
    }
}
