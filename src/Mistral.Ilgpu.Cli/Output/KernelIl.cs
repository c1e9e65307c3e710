using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Runtime.CompilerServices;
using ICSharpCode.Decompiler;
using ICSharpCode.Decompiler.Disassembler;
using ICSharpCode.Decompiler.Metadata;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>
/// The code that the CPU accelerator runs. ILGPU calls the kernel's own method there. So this is the IL that the C# compiler
/// emitted for the kernel and for its type arguments.
/// </summary>
internal static class KernelIl
{
    /// <exception cref="UsageException">The kernels' assembly is not a file, as in a single-file program.</exception>
    public static string Disassemble(KernelForm form)
    {
        string location = typeof(KernelEntry).Assembly.Location;
        if (location.Length == 0)
        {
            throw new UsageException(
                "--emit il: found the kernels inside a single file, expected their assembly beside the program");
        }

        using var file = new PEFile(location);
        var output = new PlainTextOutput();
        var disassembler = new ReflectionDisassembler(output, CancellationToken.None);
        foreach (var type in Types(form.Kernel).Distinct())
        {
            output.WriteLine($"// {type}");
            foreach (var method in Written(type))
            {
                disassembler.DisassembleMethod(file, (MethodDefinitionHandle)MetadataTokens.EntityHandle(method.MetadataToken));
                output.WriteLine();
            }
        }

        return output.ToString();
    }

    // The methods that the source contains, without those that the compiler adds to a record.
    private static IEnumerable<MethodInfo> Written(Type type) => type
        .GetMethods(
            BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public
                | BindingFlags.NonPublic)
        .Where(method => !method.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false));

    // The definition of the kernel's type, and of its type arguments from the same assembly.
    private static IEnumerable<Type> Types(Type type) => type.Assembly == typeof(KernelEntry).Assembly
        ? [type.IsGenericType ? type.GetGenericTypeDefinition() : type, .. type.GetGenericArguments().SelectMany(Types)]
        : [];
}
