using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>An architecture of GPUs, and what compiles kernels to its machine code.</summary>
internal interface IMachine
{
    /// <summary>The name of the architecture, such as sm_90 or gfx1100.</summary>
    string Architecture { get; }

    /// <summary>The option of <c>mistral kernels --emit</c> for the machine code; null if nothing prints it.</summary>
    string? Language { get; }

    /// <summary>The name and version of what compiles for it.</summary>
    /// <exception cref="MissingToolException">It is not installed.</exception>
    string Tool { get; }

    /// <summary>What a form must not do, such as to spill registers.</summary>
    string Loss { get; }

    /// <summary>The resources that <see cref="CompiledForm.Values"/> counts: for a table, and for JSON.</summary>
    IReadOnlyList<(string Heading, string Key)> Columns { get; }

    /// <summary>Why it cannot run a form; null if it can.</summary>
    string? WhyNot(KernelForm form);

    /// <summary>OpenCL C of a form, with what the machine's compiler accepts for waves.</summary>
    /// <exception cref="MissingToolException">The compiler must be asked, and is not installed.</exception>
    string OpenCl(KernelForm form);

    /// <summary>Compiles a form.</summary>
    /// <param name="withCode">Whether the machine code is wanted too.</param>
    /// <exception cref="MissingToolException">What compiles is not installed, or too old for the form.</exception>
    /// <exception cref="InvalidDataException">The form does not compile; the message is the compiler's.</exception>
    CompiledForm Compile(KernelForm form, bool withCode = false);
}
