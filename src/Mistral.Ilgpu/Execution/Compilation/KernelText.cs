using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.IR.Types;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>The cached part of a compiled kernel.</summary>
/// <param name="SharedBytes">Static shared memory of a group in bytes.</param>
/// <param name="HasDynamicShared">Whether the kernel uses dynamic shared memory.</param>
/// <param name="Source">PTX or OpenCL C.</param>
internal sealed record KernelText(int SharedBytes, bool HasDynamicShared, string Source)
{
    public SharedMemorySpecification Shared => new(SharedBytes, HasDynamicShared);

    /// <summary>Reads a file; null unless it is complete and was written with this key.</summary>
    public static KernelText? Read(string file, string key)
    {
        // Four lines; the last one is the whole source.
        string[] lines = UserCache.Read(file)?.Split('\n', 4) ?? [];
        return lines.Length == 4 && lines[0] == key && lines[2] == Digest(lines[3])
            && lines[1].Split(' ') is [var bytes, var isDynamic] && int.TryParse(bytes, out int shared)
                && bool.TryParse(isDynamic, out bool dynamic)
            ? new KernelText(shared, dynamic, lines[3])
            : null;
    }

    public void Write(string file, string key) => UserCache.Write(
        file, Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"{key}\n{SharedBytes} {HasDynamicShared}\n{Digest(Source)}\n{Source}")));

    private static string Digest(string source) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source)));
}
