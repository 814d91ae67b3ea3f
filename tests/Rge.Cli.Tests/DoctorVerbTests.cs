using System.Diagnostics;
using System.Text.Json.Nodes;
using Rge.Cli.Output;
using Rge.Cli.Verbs;
using Rge.Models.Tensors;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class DoctorVerbTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rge-doctor-");

    [Fact]
    public async Task It_tells_what_the_machine_has()
    {
        var json = JsonNode.Parse(await OutputAsync("doctor", "--json"))!.AsObject();
        Assert.Equal(
            ["system", "processor", "instructions", "kernels", "memory", "libtorch", "GPU", "problems"],
            json.Select(field => field.Key)
        );
        Assert.StartsWith($"{TorchLibrary.Expected}, ", (string)json["libtorch"]!, StringComparison.Ordinal);
        Assert.Contains($", {Environment.ProcessorCount} logical cores", (string)json["processor"]!, StringComparison.Ordinal);
        var text = await OutputAsync("doctor");
        foreach (var (name, _) in json.Where(field => field.Key != "problems"))
            Assert.Contains(name, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_with_a_libtorch_of_its_own_takes_no_other()
    {
        var torch = Libraries();
        using var process = Start(
            new Dictionary<string, string>(StringComparer.Ordinal) { [TorchLibrary.FolderVariable] = torch },
            "doctor"
        );
        var (code, output, _) = await EndAsync(process);
        Assert.Equal(ExitCodes.Failure, code);
        Assert.Contains($"RGE_LIBTORCH is {torch}, but this program has a libtorch of its own", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_without_libtorch_takes_that_of_an_installed_PyTorch()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the names are those of Linux");
        var (program, torch, model) = (Program(), Libraries(), Path.Combine(_folder.FullName, "model"));
        var (code, _, error) = await RunAsync(program, libtorch: null, "new", model);
        Assert.Equal(ExitCodes.Failure, code);
        Assert.Contains(
            "libtorch cannot be loaded: libc10.so and libtorch_cpu.so and libtorch.so are not with the program",
            error,
            StringComparison.Ordinal
        );
        foreach (var named in (string[])[torch, Path.GetDirectoryName(torch)!, Path.Combine(torch, "lib")])
        {
            (code, var output, error) = await RunAsync(program, named, "doctor", "--json");
            Assert.True(code == ExitCodes.Success, error + output);
            Assert.StartsWith($"{TorchLibrary.Expected}, ", (string)JsonNode.Parse(output)!["libtorch"]!, StringComparison.Ordinal);
        }
        (code, _, error) = await RunAsync(program, torch, "new", model);
        Assert.True(code == ExitCodes.Success, error);
        Assert.True(File.Exists(Path.Combine(model, "model.safetensors")));
    }

    [Fact]
    public async Task What_cannot_be_loaded_from_the_folder_is_said()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the names are those of Linux");
        var (program, torch) = (Program(), Libraries());
        Assert.Contains(
            $"rge: RGE_LIBTORCH is {program}, which has no libtorch_cpu.so; expected the folder of an installed PyTorch",
            (await RunAsync(program, program, "new", Path.Combine(_folder.FullName, "model"))).Error,
            StringComparison.Ordinal
        );
        var library = Path.Combine(torch, "lib", "libtorch_cpu.so");
        File.Delete(library);
        await File.WriteAllTextAsync(library, "no library, and as many bytes as the header of one has at least, which is sixty-four");
        var error = (await RunAsync(program, torch, "new", Path.Combine(_folder.FullName, "model"))).Error;
        Assert.Contains($"rge: RGE_LIBTORCH is {torch}: libtorch cannot be loaded: a library is damaged", error, StringComparison.Ordinal);
        Assert.Contains("; install that PyTorch again. The loader says: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_driver_that_does_not_list_its_gpus_is_told_nevertheless()
    {
        Assert.Null(DoctorVerb.ReadDriver(_folder.FullName));
        File.WriteAllText(Path.Combine(_folder.FullName, "version"), "NVRM version: NVIDIA 1.2\nGCC version: 3\n");
        Assert.Equal("unknown model; driver NVIDIA 1.2", DoctorVerb.ReadDriver(_folder.FullName));
        var gpu = _folder.CreateSubdirectory("gpus/0000:00:00.0");
        File.WriteAllText(Path.Combine(gpu.FullName, "information"), "Model: \t A card\nIRQ: 5\n");
        Assert.Equal("A card; driver NVIDIA 1.2", DoctorVerb.ReadDriver(_folder.FullName));
    }

    [Theory]
    [InlineData("MemTotal: 8000000 kB\nMemFree: 1 kB\nMemAvailable: 2000000 kB\n", null, "8.2 GB, 2.0 GB of it available")]
    [InlineData("MemTotal: 8000000 kB\n", "max\n", "8.2 GB")]
    [InlineData("MemTotal: 8000000 kB\n", "9223372036854771712\n", "8.2 GB")]
    [InlineData("MemTotal: 8000000 kB\n", "1000000000\n", "8.2 GB; the limit of this container is 1.0 GB")]
    [InlineData("nothing", null, null)]
    public void Memory_is_told_as_the_system_tells_it(string info, string? limit, string? expected) =>
        Assert.Equal(expected, MachineMemory.Describe(info, limit));

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Natives => Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");

    /// <summary>The folder of a PyTorch, as far as it matters here.</summary>
    private string Libraries()
    {
        var folder = Path.Combine(_folder.FullName, "torch");
        Directory.CreateDirectory(Path.Combine(folder, "lib"));
        foreach (var file in Directory.EnumerateFiles(Natives, "lib*.so*"))
            if (!file.EndsWith("LibTorchSharp.so", StringComparison.Ordinal))
                File.CreateSymbolicLink(Path.Combine(folder, "lib", Path.GetFileName(file)), file);
        return folder;
    }

    /// <summary>The command line, published without libtorch.</summary>
    private string Program()
    {
        var folder = _folder.CreateSubdirectory("program").FullName;
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll"))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        File.Copy(Path.Combine(Natives, "libLibTorchSharp.so"), Path.Combine(folder, "libLibTorchSharp.so"));
        var tests = typeof(DoctorVerbTests).Assembly.GetName().Name!;
        File.Copy(
            Path.Combine(AppContext.BaseDirectory, $"{tests}.runtimeconfig.json"),
            Path.Combine(folder, "Rge.Cli.runtimeconfig.json")
        );
        return folder;
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string program, string? libtorch, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(program, "Rge.Cli.dll"), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (libtorch is not null)
            start.Environment[TorchLibrary.FolderVariable] = libtorch;
        using var process = Process.Start(start)!;
        return await EndAsync(process);
    }

    private static async Task<(int Code, string Output, string Error)> EndAsync(Process process)
    {
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (
            process.ExitCode,
            string.Join(' ', (await output).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)),
            await error
        );
    }
}
