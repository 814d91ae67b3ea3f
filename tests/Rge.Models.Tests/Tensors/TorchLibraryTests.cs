using Rge.Models.Tensors;

namespace Rge.Models.Tests.Tensors;

/// <summary>What a person reads where libtorch cannot be loaded.</summary>
public sealed class TorchLibraryTests
{
    [Fact]
    public void A_library_that_is_there_is_loaded_once_and_again()
    {
        TorchLibrary.Require();
        TorchLibrary.Require();
    }

    [Fact]
    public void A_program_without_the_libraries_is_told_which_are_missing_and_what_to_do()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the names are those of Linux");
        var folder = Directory.CreateTempSubdirectory("rge-torch-");
        try
        {
            Assert.Equal(
                "libtorch cannot be loaded: libLibTorchSharp.so and libc10.so and libtorch_cpu.so and libtorch.so are not with the "
                    + $"program (looked in {AppContext.BaseDirectory}); "
                    + "build or publish it for this system (dotnet publish -r linux-x64), or reference the package that has libtorch "
                    + "for it.",
                TorchLibrary.LoadFrom([folder.FullName])!.Message
            );
            foreach (var file in (string[])["libLibTorchSharp.so", "libc10.so", "libtorch.so"])
                File.WriteAllText(Path.Combine(folder.FullName, file), "");
            var error = TorchLibrary.LoadFrom([folder.FullName])!;
            Assert.Contains(
                $"libtorch_cpu.so is not with the program (looked in {folder.FullName})",
                error.Message,
                StringComparison.Ordinal
            );
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_damaged_library_is_called_so()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the names are those of Linux");
        var folder = Directory.CreateTempSubdirectory("rge-torch-");
        try
        {
            foreach (var file in (string[])["libLibTorchSharp.so", "libc10.so", "libtorch_cpu.so", "libtorch.so"])
                File.WriteAllText(
                    Path.Combine(folder.FullName, file),
                    "version https://git-lfs.github.com/spec/v1, and then as many bytes as a header has at least"
                );
            Assert.Contains(
                "damaged or for another system than linux-x64",
                TorchLibrary.LoadFrom([folder.FullName])!.Message,
                StringComparison.Ordinal
            );
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(
        "/lib/libstdc++.so.6: version `GLIBCXX_3.4.29' not found (required by /app/libtorch_cpu.so)",
        "lacks version GLIBCXX_3.4.29 of its C++ library"
    )]
    [InlineData("/lib/libc.so.6: version `GLIBC_2.28' not found (required by /app/libc10.so)", "lacks version GLIBC_2.28 of its C library")]
    [InlineData(
        "a\nlibgomp-98b21ff3.so.1: cannot open shared object file: No such file or directory",
        "the system has no libgomp-98b21ff3.so.1"
    )]
    [InlineData("/app/libc10.so: wrong ELF class: ELFCLASS32", "damaged or for another system")]
    [InlineData(
        "first line\n/app/libc10.so: failed to map segment from shared object\n",
        "libtorch cannot be loaded: /app/libc10.so: failed to map segment"
    )]
    public void Complaints_of_the_loader_become_one_sentence(string complaint, string expected)
    {
        var message = TorchLibrary.Explain(complaint, TorchLibrary.Rebuild);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
