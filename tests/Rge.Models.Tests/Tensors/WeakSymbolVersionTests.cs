using System.Runtime.InteropServices;
using CsCheck;
using Rge.Build;

namespace Rge.Models.Tests.Tensors;

public sealed partial class WeakSymbolVersionTests
{
    [Fact]
    public void Only_the_flag_of_the_version_changes()
    {
        var expected = SyntheticLibrary.Create();
        expected[SyntheticLibrary.FlagsOffset] |= 2;
        var library = SyntheticLibrary.Create();

        Assert.True(Weaken(library));
        Assert.Equal(expected, library);
    }

    [Fact]
    public void Second_run_changes_nothing()
    {
        var library = SyntheticLibrary.Create();
        Weaken(library);
        var once = library.ToArray();

        Assert.False(Weaken(library));
        Assert.Equal(once, library);
    }

    [Theory]
    [InlineData("GLIBCXX_3.4.31")]
    [InlineData("GLIBCXX_3.4.320")]
    [InlineData("GLIBCXX_3.4.3")]
    public void Library_with_another_version_is_left_alone(string version)
    {
        var library = SyntheticLibrary.Create(version);

        Assert.False(Weaken(library));
        Assert.Equal(SyntheticLibrary.Create(version), library);
    }

    [Theory]
    [InlineData(SyntheticLibrary.NeededIndex)]
    [InlineData(SyntheticLibrary.NeededIndex | 0x8000)]
    public void Version_that_a_relocation_uses_is_refused(ushort relocated)
    {
        var library = SyntheticLibrary.Create(relocated: relocated);

        var error = Assert.Throws<InvalidDataException>(() => Weaken(library));
        Assert.Equal("some.so has a relocation to a symbol of GLIBCXX_3.4.32, which therefore cannot be made weak.", error.Message);
        Assert.Equal(SyntheticLibrary.Create(relocated: relocated), library);
    }

    [Theory]
    [InlineData(0, 0x7e, "some.so starts with other bytes than an ELF file.")]
    [InlineData(4, 1, "some.so is not a 64-bit little-endian ELF file.")]
    [InlineData(54, 32, "some.so has program headers of 32 bytes, expected 56.")]
    [InlineData(0x300, 2, "some.so has a version need of revision 2, expected 1.")]
    [InlineData(0x30c, 0, "some.so has version needs that end 1 too early.")]
    [InlineData(0xb0, 6, "some.so lacks dynamic entry 0x5.")]
    [InlineData(0xb9, 0x90, "some.so has dynamic entry 0x5 at address 0x9000, outside every segment.")]
    public void Malformed_library_is_refused(int offset, byte value, string message)
    {
        var library = SyntheticLibrary.Create();
        library[offset] = value;

        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Weaken(library)).Message);
    }

    [Fact]
    public void Any_truncated_library_is_refused()
    {
        var library = SyntheticLibrary.Create();
        // The last table read is that of the symbol versions, up to symbol 1.
        for (var length = 0; length < 0x504; length++)
            Assert.Throws<InvalidDataException>(() => Weaken(library[..length]));
    }

    [Fact]
    public void Damaged_library_is_refused_or_changed_in_one_flag() =>
        Gen.Select(Gen.Int[0, SyntheticLibrary.Create().Length - 1], Gen.Byte)
            .Array[1, 8]
            .Sample(damage =>
            {
                var library = SyntheticLibrary.Create();
                foreach (var (offset, value) in damage)
                    library[offset] = value;
                var before = library.ToArray();
                try
                {
                    Weaken(library);
                }
                catch (InvalidDataException)
                {
                    return before.AsSpan().SequenceEqual(library);
                }

                return before.Zip(library).Count(pair => pair.First != pair.Second) <= 1;
            });

    [Fact]
    public void Copy_replaces_a_hard_link_and_leaves_its_other_name_alone()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "hard links are made with libc");
        var folder = Directory.CreateTempSubdirectory("rge-weak-");
        try
        {
            var (source, destination) = (Path.Combine(folder.FullName, "package.so"), Path.Combine(folder.FullName, "output.so"));
            File.WriteAllBytes(source, SyntheticLibrary.Create());
            Assert.Equal(0, Link(source, destination));

            Assert.True(WeakSymbolVersion.Copy(source, destination, SyntheticLibrary.Needed));

            Assert.Equal(SyntheticLibrary.Create(), File.ReadAllBytes(source));
            Assert.False(Weaken(File.ReadAllBytes(destination)));
            Assert.Equal(2, folder.GetFiles().Length);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Refused_library_leaves_no_file()
    {
        var folder = Directory.CreateTempSubdirectory("rge-weak-");
        try
        {
            var source = Path.Combine(folder.FullName, "package.so");
            File.WriteAllText(source, "not a library");

            Assert.Throws<InvalidDataException>(() =>
                WeakSymbolVersion.Copy(source, Path.Combine(folder.FullName, "output.so"), SyntheticLibrary.Needed)
            );
            Assert.Single(folder.GetFiles());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static bool Weaken(byte[] library) => WeakSymbolVersion.Weaken(library, SyntheticLibrary.Needed, "some.so");

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string created);
}
