using System.Buffers.Binary;
using Rge.Data.Mmeb;
using Rge.Files;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;
using Rge.Tests.Shared;

namespace Rge.Data.Tests.Mmeb;

/// <summary>Parquet files that are damaged end in a sentence that names them, and never in work without end.</summary>
public sealed class DamagedParquetTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_footer_whose_lists_claim_more_than_it_holds_is_refused_at_once()
    {
        var whole = await WholeAsync();
        var (start, length) = Footer(whole);
        var (refused, random) = (0, new SplitMix64(3));
        for (var i = 0; i < 300; i++)
        {
            // A run of one byte over the footer: of such damage the library has been seen to compute for hours.
            var (at, count) = (start + random.Below(length), 1 + random.Below(length / 2));
            byte[] damaged = [.. whole];
            damaged.AsSpan(at, Math.Min(count, start + length - at)).Fill((byte)random.Next());
            await File.WriteAllBytesAsync(_scratch["rows.parquet"], damaged);
            try
            {
                await new MmebReader(_scratch.Path).ReadEvaluationAsync(_scratch["rows.parquet"], "damaged").WaitAsync(TimeSpan.FromMinutes(1));
            }
            catch (DatasetException e)
            {
                Assert.StartsWith(_scratch["rows.parquet"], e.Message, StringComparison.Ordinal);
                refused++;
            }
        }
        Assert.True(refused > 250);
    }

    [Fact]
    public async Task A_list_of_two_thousand_million_flags_in_the_footer_is_refused()
    {
        var whole = await WholeAsync();
        var (start, length) = Footer(whole);
        // Field 14, a list of structures, 2^31 - 1 of them, each of which would be empty: a few bytes that take hours to skip.
        byte[] footer = [.. whole.AsSpan(start, length - 1), 0xE9, 0xF1, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x00];
        var tail = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(tail, footer.Length);
        await File.WriteAllBytesAsync(_scratch["rows.parquet"], [.. whole.AsSpan(0, start), .. footer, .. tail, .. "PAR1"u8]);
        var error = await Assert.ThrowsAsync<DatasetException>(() => new MmebReader(_scratch.Path).ReadEvaluationAsync(_scratch["rows.parquet"], "damaged"));
        Assert.Matches("cannot be read as Parquet: its footer is damaged near byte [0-9]+ of [0-9]+\\.$", error.Message);
    }

    [Theory]
    [InlineData(8, "it has 8 bytes, too few for a Parquet file.")]
    [InlineData(1000, "it does not end like a Parquet file; it may be incomplete.")]
    public async Task A_file_that_was_cut_says_so(int length, string message)
    {
        var whole = await WholeAsync();
        await File.WriteAllBytesAsync(_scratch["rows.parquet"], whole[..length]);
        var error = await Assert.ThrowsAsync<DatasetException>(() => new MmebReader(_scratch.Path).ReadEvaluationAsync(_scratch["rows.parquet"], "cut"));
        Assert.Equal($"{_scratch["rows.parquet"]} cannot be read as Parquet: {message}", error.Message);
    }

    [Fact]
    public async Task Work_that_does_not_get_on_is_left_and_named_and_work_that_does_is_waited_for()
    {
        await File.WriteAllTextAsync(_scratch["rows.parquet"], "rows");
        await using var file = new WatchedStream(File.OpenRead(_scratch["rows.parquet"]));
        var never = new TaskCompletionSource<int>();
        var error = await Assert.ThrowsAsync<DatasetException>(() => ParquetTable.FinishAsync(_scratch["rows.parquet"], file, () => never.Task, TimeSpan.FromMilliseconds(50), default));
        Assert.Equal($"{_scratch["rows.parquet"]} cannot be read as Parquet: it is damaged so that reading does not come to an end.", error.Message);

        Assert.Equal(7, await ParquetTable.FinishAsync(_scratch["rows.parquet"], file, SlowlyAsync, TimeSpan.FromSeconds(1), default));

        async Task<int> SlowlyAsync()
        {
            // Longer in all than the work may go without reading.
            for (var end = DateTime.UtcNow.AddSeconds(2.5); DateTime.UtcNow < end;)
            {
                file.Position = 0;
                await file.ReadExactlyAsync(new byte[4]);
            }
            return 7;
        }
    }

    private async Task<byte[]> WholeAsync()
    {
        await ShapeWorldFiles.WriteAsync(_scratch["world"], WorldSplit.Test, 1, 2);
        return await File.ReadAllBytesAsync(_scratch["world", "vqa_path", "test-00000-of-00001.parquet"]);
    }

    private static (int Start, int Length) Footer(byte[] file)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(file.Length - 8));
        return (file.Length - 8 - length, length);
    }
}
