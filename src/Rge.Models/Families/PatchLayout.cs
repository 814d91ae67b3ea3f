using Rge.Imaging;
using Rge.Models.Configuration;
using Rge.Models.Layers;

namespace Rge.Models.Families;

/// <summary>
/// How the patches of several images are packed for the vision tower: coordinates, attention segments and, with windows, their order.
/// </summary>
internal sealed class PatchLayout
{
    public PatchLayout(IReadOnlyList<PatchedImage> images, IReadOnlyList<PatchOrder> orders, VisionConfig config, FamilyDefinition family)
    {
        int[] rows = [.. orders.SelectMany(o => o.Rows)],
            columns = [.. orders.SelectMany(o => o.Columns)];
        Frames = SegmentRun.Group(images.SelectMany(image => Enumerable.Repeat(image.Grid.Height * image.Grid.Width, image.Grid.Temporal)));
        var windows = images.Select(image => family.Windows(config, image.Grid)).OfType<PatchWindows>().ToArray();
        if (windows.Length > 0)
        {
            var area = config.MergeArea;
            Windows = SegmentRun.Group(windows.SelectMany(w => w.Sizes).Select(size => size * area));
            var merged = new long[rows.Length / area];
            var (at, first) = (0, 0);
            foreach (var order in windows)
            {
                foreach (var patch in order.MergedPatches)
                    merged[at++] = first + patch;
                first += order.MergedPatches.Length;
            }
            Permutation = [.. merged.SelectMany(m => Enumerable.Range(0, area).Select(k => m * area + k))];
            Inverse = new long[merged.Length];
            for (var i = 0; i < merged.Length; i++)
                Inverse[merged[i]] = i;
            rows = [.. Permutation.Select(p => rows[p])];
            columns = [.. Permutation.Select(p => columns[p])];
        }
        (Rows, Columns) = (rows, columns);
    }

    /// <summary>Row of each packed patch.</summary>
    public int[] Rows { get; }

    /// <summary>Column of each packed patch.</summary>
    public int[] Columns { get; }

    /// <summary>Whole frames, as attention segments.</summary>
    public IReadOnlyList<SegmentRun> Frames { get; }

    /// <summary>Windows, as attention segments; null where the family has none.</summary>
    public IReadOnlyList<SegmentRun>? Windows { get; }

    /// <summary>Which patch comes i-th; null where the order of the processor is kept.</summary>
    public long[]? Permutation { get; }

    /// <summary>Where each merged patch has gone, so that the result can be put back in order; null where the order is kept.</summary>
    public long[]? Inverse { get; }
}
