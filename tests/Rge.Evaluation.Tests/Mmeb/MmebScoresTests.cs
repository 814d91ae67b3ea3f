using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Rge.Evaluation.Mmeb;

namespace Rge.Evaluation.Tests.Mmeb;

public sealed class MmebScoresTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-npy-").FullName;

    [Fact]
    public void Means_are_over_subsets()
    {
        var scores = new MmebScores([
            Subset("ImageNet-1K", "classification", 50, 100),
            Subset("ImageNet-A", "classification", 100, 400),
            Subset("GQA", "vqa", 9, 10),
            Subset("mine", "other", 0, 7),
        ]);
        Assert.Equal((0.5 + 0.25 + 0.9) / 4, scores.Overall.HitAt1, 1e-12);
        Assert.Equal(["classification", "vqa", "other", "ind", "ood"], scores.Groups.Select(group => group.Name));
        Assert.Equal([0.375, 0.9, 0, 0.5, 0.575], scores.Groups.Select(group => Math.Round(group.HitAt1, 9)));
        Assert.Equal([2, 1, 1, 1, 2], scores.Groups.Select(group => group.Subsets));
        var json = scores.ToJson();
        Assert.Equal(0.375, (double)json["groups"]!["classification"]!["hit_at_1"]!, 1e-12);
        Assert.Equal(0.9, (double)json["subsets"]!["GQA"]!["hit_at_1"]!, 1e-12);
        Assert.Equal(scores.Overall.HitAt1, (double)json["overall"]!["hit_at_1"]!, 1e-12);
    }

    [Fact]
    public void Intervals_are_about_as_wide_as_the_binomial_says()
    {
        var interval = Bootstrap.Interval(Bootstrap.Resample(300, 1000, seed: 4));
        var half = 1.96 * Math.Sqrt(0.3 * 0.7 / 1000);
        Assert.Equal(0.3 - half, interval.Low, 0.004);
        Assert.Equal(0.3 + half, interval.High, 0.004);
        Assert.Equal(interval, Bootstrap.Interval(Bootstrap.Resample(300, 1000, seed: 4)));
        Assert.Equal(new Interval(1, 1), Bootstrap.Interval(Bootstrap.Resample(7, 7, seed: 1)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1234)]
    public void Npy_files_have_a_header_that_tells_type_and_shape(int rows)
    {
        var path = Path.Combine(_folder, "a.npy");
        float[] values = [.. Enumerable.Range(0, 3 * rows).Select(i => i - 0.5f)];
        NpyFile.Write(path, values, rows);
        var bytes = File.ReadAllBytes(path);
        Assert.Equal([0x93, .. "NUMPY"u8, 1, 0], bytes[..8]);
        var length = BitConverter.ToUInt16(bytes, 8);
        var header = Encoding.ASCII.GetString(bytes, 10, length);
        Assert.Equal(0, (10 + length) % 64);
        Assert.EndsWith("\n", header, StringComparison.Ordinal);
        Assert.Matches(
            new Regex(
                $@"^\{{'descr': '<f4', 'fortran_order': False, 'shape': \({rows.ToString(CultureInfo.InvariantCulture)}, {(rows == 0 ? 0 : 3)}\), \}} *\n$",
                RegexOptions.None,
                TimeSpan.FromSeconds(1)
            ),
            header
        );
        Assert.Equal(values, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes.AsSpan(10 + length)).ToArray());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static SubsetScore Subset(string name, string group, int hits, int rows) =>
        new()
        {
            Subset = name,
            Group = group,
            Model = "m",
            Reasoning = true,
            Identity = "i",
            Rows = rows,
            Hits = hits,
            Candidates = 3,
            Chance = 0.1,
            HitAt1Interval = new Interval(0, 1),
            HitAt5 = 1,
            Mrr = 0.5,
            PromptTokens = 1,
            RationaleTokens = 2,
            Seconds = 3,
            QueriesPerSecond = 4,
        };
}
