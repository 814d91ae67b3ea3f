using System.Globalization;
using Rge.Data;

namespace Rge.Evaluation.Mmeb;

/// <summary>Looks for the images of rows before any work, so that what is missing is known at once and in full.</summary>
internal sealed class ImageCheck
{
    private const int Named = 5;

    private readonly OrderedDictionary<string, string> _missing = new(StringComparer.Ordinal);
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private int _pointers;

    /// <summary>Looks for the images of a subset.</summary>
    public void Add(SubsetRows rows)
    {
        foreach (var (item, source) in rows.Queries.Concat(rows.Candidates))
        {
            foreach (var image in item.Images)
            {
                if (!_seen.Add(image.Name))
                    continue;
                switch (ImageFiles.Problem(image))
                {
                    case ImageFileProblem.Missing:
                        _missing.Add(image.Name, $"{source}: the image {image.Name} does not exist.");
                        break;
                    case ImageFileProblem.Pointer:
                        _missing.Add(image.Name, $"{source}: {image.Name} is a Git LFS pointer in place of an image.");
                        _pointers++;
                        break;
                }
            }
        }
    }

    /// <exception cref="EvaluationException">Images are missing. The message has their number and the first of them.</exception>
    public void ThrowIfAnyIsMissing()
    {
        if (_missing.Count == 0)
            return;
        var first = _missing.GetAt(0);
        var advice =
            _pointers == _missing.Count
                ? "Fetch the files with 'git lfs pull'"
                : "Give --images for the folder that image paths count from";
        var others =
            _missing.Count == 1
                ? ""
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $" {_missing.Count} of {_seen.Count} images are missing: "
                        + $"{string.Join(", ", _missing.Keys.Take(Named).Select(Path.GetFileName))}"
                        + $"{(_missing.Count > Named ? " and others" : "")}."
                );
        throw new EvaluationException($"{first.Value} {advice}, or --on-error skip to leave such rows out and count them.{others}");
    }
}
