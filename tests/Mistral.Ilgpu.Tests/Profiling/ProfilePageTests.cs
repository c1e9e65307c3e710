using System.Drawing;
using Mistral.Ilgpu.Tests.Cli;
using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;
using StbImageSharp;
using Xunit;

namespace Mistral.Ilgpu.Tests.Profiling;

/// <summary>The page of <c>mistral profile --html</c> in a real browser without a window.</summary>
public sealed class ProfilePageTests(TemporaryFolder folder) : IClassFixture<TemporaryFolder>
{
    [Theory]
    [InlineData(1280, 900)]
    [InlineData(390, 844)]
    public void Page_InABrowser_ShowsRooflineTimelineAndTableWithoutErrors(int width, int height)
    {
        string file = folder.File("profile.html");
        CommandRun.Of("profile", "--device", "cpu", "-p", "8", "-n", "2", "--html", file, "--quiet").Expect(0);
        using var browser = Start();
        // What the page shows must not depend on the window's own borders.
        browser.ExecuteCdpCommand("Emulation.setDeviceMetricsOverride", new()
        {
            ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 500,
        });
        browser.Navigate().GoToUrl(new Uri(file));

        Assert.DoesNotContain(browser.Manage().Logs.GetLog(LogType.Browser), entry => entry.Level >= OpenQA.Selenium.LogLevel.Warning);
        Assert.Equal(0L, browser.ExecuteScript("return performance.getEntriesByType('resource').filter(r => !r.name.startsWith('data:')).length"));
        Assert.True((bool)browser.ExecuteScript("return document.documentElement.scrollWidth <= window.innerWidth")!, "the page is wider than the screen");
        foreach (string id in new[] { "roofline", "timeline-prefill", "timeline-decode" })
        {
            ExpectPicture(browser.FindElement(By.Id(id)), width);
        }

        string table = browser.FindElement(By.Id("steps")).Text;
        Assert.Contains("swiglu", table, StringComparison.Ordinal);
        Assert.Contains("wall clock", table, StringComparison.Ordinal);
    }

    // In a screenshot of the figure are dark lines and coloured marks.
    private static void ExpectPicture(IWebElement figure, int width)
    {
        var image = ImageResult.FromMemory(((ITakesScreenshot)figure).GetScreenshot().AsByteArray, ColorComponents.RedGreenBlue);
        Assert.InRange(image.Width, 0.75 * Math.Min(width, 960), width);
        var colors = image.Data.Chunk(3).Select(pixel => Color.FromArgb(pixel[0], pixel[1], pixel[2])).ToList();
        Assert.True(colors.Count(color => color.GetBrightness() < 0.6 && color.GetSaturation() < 0.2) > 500, "no lines in the screenshot");
        Assert.True(colors.Count(color => color.GetSaturation() > 0.5) > 200, "no coloured marks in the screenshot");
    }

    private static ChromeDriver Start()
    {
        string? driver = Find("chromedriver");
        string? browser = Find("chromium", "google-chrome", "chrome");
        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.True(driver is not null && browser is not null, "CI must provide chromium and chromedriver");
        }

        Assert.SkipWhen(driver is null || browser is null, "no chromium or no chromedriver on PATH");
        var options = new ChromeOptions { BinaryLocation = browser };
        options.AddArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking");
        options.SetLoggingPreference(LogType.Browser, OpenQA.Selenium.LogLevel.All);
        var service = ChromeDriverService.CreateDefaultService(Path.GetDirectoryName(driver), Path.GetFileName(driver));
        service.SuppressInitialDiagnosticInformation = true;
        return new ChromeDriver(service, options);
    }

    private static string? Find(params string[] names) => names
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(path => Path.Combine(path, name)))
        .FirstOrDefault(File.Exists);
}
